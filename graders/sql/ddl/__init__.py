"""Schema changes: their statements, parse trees and hazards."""
