"""What a person sees and does: the hatui verbs and the console."""
