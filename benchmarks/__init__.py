"""How fast the bot is, beside others in the same run; nothing here is part of the bot."""
