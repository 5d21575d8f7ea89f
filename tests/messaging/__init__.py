"""The promises of what leaves the bot by MQTT."""
