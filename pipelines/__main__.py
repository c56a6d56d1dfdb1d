"""`python -m pipelines …`"""

from pipelines.commands.cli import app

app()
