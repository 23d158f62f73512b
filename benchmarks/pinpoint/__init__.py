"""How well the product says where a migration went wrong: seeded bugs by the hundred, and a table."""
