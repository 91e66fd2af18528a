// Debian's Python and what it has, which the bench uses and never installs.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export const PYTHON = '/usr/bin/python3';
export const HOW_TO_INSTALL =
  'apt-get install python3-fastapi python3-uvicorn python3-sqlalchemy python3-asyncpg python3-jwt python3-uvloop python3-httptools';
const LOOK = `
import json, platform, fastapi, uvicorn, sqlalchemy, asyncpg, jwt, uvloop, httptools
versions = {m.__name__: m.__version__ for m in (fastapi, uvicorn, sqlalchemy, asyncpg, jwt, uvloop, httptools)}
print(json.dumps({"python": platform.python_version(), **versions}))`;

/** @returns {Promise<Record<string, string> | null>} the versions, or null where anything is missing */
export async function pythonVersions() {
  try {
    const { stdout } = await promisify(execFile)(PYTHON, ['-c', LOOK]);
    return JSON.parse(stdout);
  } catch {
    return null;
  }
}
