"""Orders of tea over HTTP: FastAPI, SQLAlchemy over SQLite, and a warehouse that PostgreSQL has.

It has native code of pydantic, of SQLAlchemy and of psycopg2, and knows nothing of signedvfs.
"""

from __future__ import annotations

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import StaticPool


class Base(DeclarativeBase):
    """The tables."""


class Row(Base):
    """An order as it is stored."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    of: Mapped[str]
    cups: Mapped[int]


class Order(BaseModel):
    """An order as it comes in."""

    of: str = Field(min_length=1)
    cups: int = Field(gt=0, le=30)


app = FastAPI(title="orders")
store = create_engine("sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool)
# Nobody listens there. That is said by libpq, which the driver brings along.
warehouse = create_engine("postgresql+psycopg2://orders@127.0.0.1:1/warehouse")
Base.metadata.create_all(store)


@app.post("/orders")
def add(order: Order) -> dict[str, int]:
    """Store an order; answer how many cups of that tea have been ordered."""
    with Session(store) as session:
        session.add(Row(of=order.of, cups=order.cups))
        session.commit()
        query = select(func.sum(Row.cups)).where(Row.of == order.of)
        return {"cups": session.scalars(query).one()}


@app.get("/stock")
def stock() -> dict[str, int]:
    """Answer how many cups there are."""
    try:
        with warehouse.connect() as connection:
            return {"cups": connection.execute(text("SELECT sum(cups) FROM stock")).scalar_one()}
    except OperationalError as error:
        raise HTTPException(503, str(error.orig)) from error
