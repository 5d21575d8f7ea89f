"""What leaves the bot by MQTT: topics with the figures of a run, and the owner's commands back."""
