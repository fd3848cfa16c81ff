"""What is made of files from elsewhere before anything is kept: plain functions of rows."""
