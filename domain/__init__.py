"""Values and rules of trading, with no clock, disk, network, thread or chance."""

from domain.exact import keep_every_digit

keep_every_digit()
