"""KIS 한국투자증권 on its REST wire: US shares, the practice account and the real one, as strict as the sheet says."""
