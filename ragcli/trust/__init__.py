"""What the user allowed on this machine, and what files that came from elsewhere may therefore say."""
