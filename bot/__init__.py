"""The daemon: it reads the settings, watches the market, places orders and remembers them."""
