"""answers a request"""
# needs: fastapi httpx

from fastapi import FastAPI
from fastapi.testclient import TestClient

app = FastAPI()


@app.get("/{minutes}")
def brew(minutes: int) -> dict[str, int]:
    return {"minutes": minutes}


assert TestClient(app).get("/3").json() == {"minutes": 3}
