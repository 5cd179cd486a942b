"""The Pulumi program: config in, one user's storage after another, outputs out."""
