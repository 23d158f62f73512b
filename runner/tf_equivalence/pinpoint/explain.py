def describe(): pass
