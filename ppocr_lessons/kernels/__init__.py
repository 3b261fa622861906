"""Fast forms of single operations, one call each. The lesson that uses one shows the plain form, which is the fallback."""
