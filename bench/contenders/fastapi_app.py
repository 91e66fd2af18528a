"""A guarded request with FastAPI, SQLAlchemy with asyncpg, and PyJWT.

GET /me decodes the token, loads its session with the user by primary key, and rejects revoked and expired sessions.
"""

import datetime as dt
import os
import uuid

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from sqlalchemy import Boolean, Column, DateTime, ForeignKey, Text, select
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import declarative_base, joinedload, relationship, sessionmaker

SECRET = os.environ["JWT_SECRET"]
ISSUER = os.environ["JWT_ISSUER"]
AUDIENCE = os.environ["JWT_AUDIENCE"]

engine = create_async_engine(os.environ["DATABASE_URL"], pool_size=10, max_overflow=0)
Local = sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
Base = declarative_base()
bearer = HTTPBearer()
app = FastAPI()


class User(Base):
    __tablename__ = "users"
    __table_args__ = {"schema": "peer"}

    id = Column(UUID(as_uuid=True), primary_key=True)
    email = Column(Text)
    role = Column(Text)
    is_active = Column(Boolean)


class Session(Base):
    __tablename__ = "sessions"
    __table_args__ = {"schema": "peer"}

    id = Column(UUID(as_uuid=True), primary_key=True)
    user_id = Column(UUID(as_uuid=True), ForeignKey("peer.users.id"))
    is_active = Column(Boolean)
    expires_at = Column(DateTime(timezone=True))
    user = relationship(User)


class Me(BaseModel):
    id: uuid.UUID
    email: str
    role: str


async def get_db():
    async with Local() as session:
        yield session


async def current_user(credentials=Depends(bearer), db: AsyncSession = Depends(get_db)) -> User:
    try:
        claims = jwt.decode(credentials.credentials, SECRET, algorithms=["HS256"], issuer=ISSUER, audience=AUDIENCE)
    except jwt.PyJWTError:
        raise HTTPException(401)
    statement = select(Session).options(joinedload(Session.user)).where(Session.id == uuid.UUID(claims["sid"]))
    session = (await db.execute(statement)).scalar_one_or_none()
    if session is None or not session.is_active or session.expires_at < dt.datetime.now(dt.timezone.utc):
        raise HTTPException(401)
    return session.user


@app.get("/me", response_model=Me)
async def me(user: User = Depends(current_user)):
    return Me(id=user.id, email=user.email, role=user.role)
