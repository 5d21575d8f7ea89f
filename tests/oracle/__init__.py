"""The oracle: a second, independent reading of the grid's rules, to judge the engine by."""
