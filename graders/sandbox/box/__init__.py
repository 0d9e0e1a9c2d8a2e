"""What runs at the border of a box, in processes of its own: it imports nothing but the standard library."""
