"""The application."""

from fastapi import FastAPI

from app.routes import orders

app = FastAPI(title="orders")
app.include_router(orders.router)


@app.get("/healthz")
def health() -> dict[str, str]:
    """Says that the process is up; asks no database."""
    return {"status": "ok"}
