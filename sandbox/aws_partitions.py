"""AWS' partitions: what of an ARN and of a host name follows from the region.

Pure functions, for the plugin and for the emulator.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""


def partition(region: str) -> str:
    """Return the first field of every ARN of a region."""
    match region.split("-")[:2]:
        case ["us", "gov"]:
            return "aws-us-gov"
        case ["cn", _]:
            return "aws-cn"
        case _:
            return "aws"


def dns_suffix(region: str) -> str:
    """Return what host names of a region end in."""
    return "amazonaws.com.cn" if partition(region) == "aws-cn" else "amazonaws.com"
