"""Looking at models, plans and runs."""
