"""The promises of deciding, above all where no recorded bar leads."""
