"""Fast forms of single operations. The lesson that uses one shows the plain form, which is also the fallback."""
