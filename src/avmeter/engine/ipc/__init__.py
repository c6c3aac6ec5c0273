"""Other processes of this program: started, reached and ended. It knows nothing of what they are for."""
