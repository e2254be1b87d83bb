"""What a user can want, a module each: every function takes the parts that it uses, and none of them the whole engine."""
