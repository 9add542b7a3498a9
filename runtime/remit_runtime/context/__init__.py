"""Context: texts from declared sources become one packet, with what was left out and why. Pure: others read them."""
