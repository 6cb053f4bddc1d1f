"""runs a task in a worker of its own"""
# needs: celery

from celery import Celery
from celery.contrib.testing.worker import start_worker

app = Celery("tasks", broker="memory://", backend="cache+memory://")


@app.task(name="add")
def add(x: int, y: int) -> int:
    return x + y


with start_worker(app, pool="solo", perform_ping_check=False):
    assert add.delay(2, 3).get(timeout=30) == 5
