"""The subcommands of `citypanel`: each reads its arguments, calls the library once and writes what it returns."""
