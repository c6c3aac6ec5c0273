"""VideoScore2: what a vision-language model that learnt from people's marks thinks of a generated video."""
