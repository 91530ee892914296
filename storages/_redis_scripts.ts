/**
 * What the server does in one step. A script runs alone: nobody sees anything between its commands.
 *
 * Redis writes what a script changes to its log as one transaction. Where a kill tears that in the middle
 * of a command, version 7.0 keeps the part before it, and takes what follows for a part of the same
 * transaction, until another one ends. So what is large is changed by one command, which is no
 * transaction, and the order of changes is such that the first ones alone do no harm.
 *
 * In each, `KEYS[1]` is the record of an entry, but where it says otherwise. The data of the entry's
 * generation lies under the record's key, `:` and the generation: of one hash tag, so that a cluster
 * keeps both in one place.
 *
 * @module
 */

import { builtin } from "../builtin.ts";

/** A script, and the name that a server knows it by once it ran it. */
export interface Script {
  readonly lua: string;
  readonly sha1: string;
}

/** No record is longer, in bytes; what claims to be is none. */
const RECORD_LIMIT = 4 * 2 ** 20;

const HEAD = `
local function head(key)
  local text = redis.pcall('GETRANGE', key, 0, 255)
  if type(text) ~= 'string' then return nil end
  local generation, pieces = string.match(text,
    '^{"sha256":"%x+"}\\n{"format":1,"generation":"(%w+)","pieces":(%d+),')
  return generation, tonumber(pieces)
end
-- One field more than there are pieces: the one that the data was made with.
local function whole(key)
  local generation, pieces = head(key)
  if not generation then return false end
  return pieces == 0 or redis.pcall('HLEN', key .. ':' .. generation) == pieces + 1
end
`;

/** Gives the record of a whole entry. */
export const LOAD: Script = script(`${HEAD}
if not whole(KEYS[1]) or redis.call('STRLEN', KEYS[1]) > ${RECORD_LIMIT} then return false end
return redis.call('GET', KEYS[1])
`);

/** Says of many records whether they are of whole entries, by a text of 1 and 0. Looks at no content. */
export const EXIST: Script = script(`${HEAD}
local found = {}
for n, key in ipairs(KEYS) do found[n] = whole(key) and '1' or '0' end
return table.concat(found)
`);

/** Makes the data of the generation ARGV 1, with no pieces, to live for ARGV 2 ms. */
export const BEGIN: Script = script(`
local data = KEYS[1] .. ':' .. ARGV[1]
redis.call('HSET', data, '', '')
return redis.call('PEXPIRE', data, ARGV[2])
`);

/**
 * Puts a piece (ARGV 2, 3: name, bytes) to the data of the generation ARGV 1. Gives 0 where that is no
 * more, or is committed already: a command that was thought lost may arrive late.
 */
export const PUT: Script = script(`${HEAD}
local data = KEYS[1] .. ':' .. ARGV[1]
if redis.call('EXISTS', data) == 0 or head(KEYS[1]) == ARGV[1] then return 0 end
redis.call('HSET', data, ARGV[2], ARGV[3])
return 1
`);

/** Lets the data of the generation ARGV 1 live for ARGV 2 ms from now, unless it is committed. */
export const RENEW: Script = script(`${HEAD}
if head(KEYS[1]) == ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1] .. ':' .. ARGV[1], ARGV[2])
`);

/**
 * Claims the entry for the token ARGV 1, for ARGV 2 ms; from the token ARGV 3 too, whose holder is known to
 * be gone (none where that is empty). Gives whether there is an entry (1 or 0) where that was done, and the
 * token of somebody else who has it.
 */
export const CLAIM: Script = script(`${HEAD}
local claim = KEYS[1] .. ':claim'
local holder = redis.call('GET', claim)
if holder and holder ~= ARGV[1] and holder ~= ARGV[3] then return holder end
redis.call('SET', claim, ARGV[1], 'PX', ARGV[2])
return whole(KEYS[1]) and 1 or 0
`);

/**
 * Lets the claim of the token ARGV 1 last ARGV 2 ms from now; with 0 for it, ends it. Gives whether it was
 * still that token's. One that ran out is taken again, unless there is an entry by now.
 */
export const RENEW_CLAIM: Script = script(`${HEAD}
local claim = KEYS[1] .. ':claim'
local holder = redis.call('GET', claim)
if ARGV[2] == '0' then
  if holder ~= ARGV[1] then return 0 end
  return redis.call('DEL', claim)
end
if holder and holder ~= ARGV[1] then return 0 end
if not holder and redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('SET', claim, ARGV[1], 'PX', ARGV[2])
return 1
`);

/**
 * Sets the record to ARGV 3, of the generation ARGV 1 with ARGV 2 pieces, and removes the data of the
 * earlier one. Both live for ARGV 4 ms (0: for ever), the data ARGV 5 ms longer. Gives 0, and changes
 * nothing, where a piece is missing; and -1 where the claim of the token ARGV 6 (none where that is empty)
 * is somebody else's, or ran out and there is an entry.
 */
export const COMMIT: Script = script(`${HEAD}
redis.call('STRLEN', KEYS[1])
local before, replaced = head(KEYS[1])
if before == ARGV[1] then return 1 end
if ARGV[6] ~= '' then
  local holder = redis.call('GET', KEYS[1] .. ':claim')
  if holder and holder ~= ARGV[6] then return -1 end
  if not holder and redis.call('EXISTS', KEYS[1]) == 1 then return -1 end
end
local data = KEYS[1] .. ':' .. ARGV[1]
local pieces, ttl = tonumber(ARGV[2]), tonumber(ARGV[4])
if pieces > 0 then
  if redis.call('HLEN', data) ~= pieces + 1 then return 0 end
  if ttl > 0 then redis.call('PEXPIRE', data, ttl + tonumber(ARGV[5]))
  else redis.call('PERSIST', data) end
end
if ttl > 0 then redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
else redis.call('SET', KEYS[1], ARGV[3]) end
if before and replaced > 0 then redis.call('UNLINK', KEYS[1] .. ':' .. before) end
return 1
`);

/** Removes a record, whole or not, and its data. Gives how many there were. */
export const DELETE: Script = script(`${HEAD}
redis.call('STRLEN', KEYS[1])
local generation = head(KEYS[1])
local count = redis.call('DEL', KEYS[1])
if generation then redis.call('UNLINK', KEYS[1] .. ':' .. generation) end
return count
`);

/** Moves a record and its data out of the way, to `KEYS[2]`, to live for ARGV 1 ms. Gives how many. */
export const ASIDE: Script = script(`${HEAD}
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local generation = head(KEYS[1])
redis.call('RENAME', KEYS[1], KEYS[2])
redis.call('PEXPIRE', KEYS[2], ARGV[1])
local data = generation and KEYS[1] .. ':' .. generation
if data and redis.call('EXISTS', data) == 1 then
  redis.call('RENAME', data, KEYS[2] .. ':data')
  redis.call('PEXPIRE', KEYS[2] .. ':data', ARGV[1])
end
return 1
`);

/**
 * Looks at keys (2, 4, ...) of entries (records 1, 3, ...): for each whether it is of use (a record of a
 * whole entry, the data of one), whether it is a record at all, how many ms it has to live (-1 for
 * ever), and its bytes.
 */
export const SURVEY: Script = script(`${HEAD}
local found = {}
for n = 1, #KEYS, 2 do
  local record, key = KEYS[n], KEYS[n + 1]
  local generation = head(record)
  local used
  if key == record then used = whole(key)
  else used = generation and key == record .. ':' .. generation end
  local bytes = 0
  if not used then bytes = redis.pcall('MEMORY', 'USAGE', key) end
  table.insert(found, {
    used and 1 or 0, generation and 1 or 0, redis.call('PTTL', key),
    type(bytes) == 'number' and bytes or 0,
  })
end
return found
`);

/**
 * Removes `KEYS[2]`, a key of the entry `KEYS[1]`, unless it is of use, or has longer to live than ARGV 1
 * ms by now: then it is of a draft that lives. Gives how many were removed.
 */
export const REMOVE: Script = script(`${HEAD}
local record, key = KEYS[1], KEYS[2]
if key == record then
  if whole(key) then return 0 end
else
  local generation = head(record)
  if generation and key == record .. ':' .. generation then return 0 end
end
local left = tonumber(ARGV[1])
if left >= 0 and redis.call('PTTL', key) > left then return 0 end
redis.call('UNLINK', key .. ':data')
return redis.call('UNLINK', key)
`);

function script(lua: string): Script {
  const { hash } = builtin<typeof import("node:crypto")>("node:crypto");
  return { lua, sha1: hash("sha1", lua, "hex") };
}
