"""What whoever runs builds needs besides them: bench, estimate, doctor, upkeep of the store."""
