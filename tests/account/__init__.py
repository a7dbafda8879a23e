"""What only an AWS account can prove, as steps that a person reads and a program runs."""
