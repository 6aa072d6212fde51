// Answers as YAML, for clients that ask for `application/yaml`. What is large is written part by part, so that others get
// their turn in between.
import type { stringify } from 'yaml'
import type { JsonObject } from '../../../shared/machinery/json-object.ts'
import { FEW_ENTRIES, isLarge } from '../../pieces/large-json.ts'
import { pieceByPiece } from '../../pieces/pacer.ts'

const CHUNK_CHARACTERS = 128 * 1024

type Write = (value: unknown) => string
const writerWith =
  (write: typeof stringify): Write =>
  value =>
    write(value, { version: '1.1', aliasDuplicateObjects: false, lineWidth: 0 })

/** @returns the text of a value that is known to be small */
export async function toYaml(value: unknown): Promise<string> {
  return writerWith((await import('yaml')).stringify)(value)
}

/** @returns the text in chunks, as toYaml() gives it at once */
export async function* yamlInChunks(value: unknown): AsyncGenerator<Buffer> {
  const write = writerWith((await import('yaml')).stringify)
  const pacer = pieceByPiece()
  // To write even a single long text takes milliseconds, and hundreds may be asked for at once.
  await pacer.pause()
  let text = ''
  for (const part of partsOf(value, write)) {
    text += part
    if (text.length >= CHUNK_CHARACTERS) {
      yield Buffer.from(text)
      text = ''
    }
    if (pacer.due) await pacer.pause()
  }
  yield Buffer.from(text)
}

function* partsOf(value: unknown, write: Write): Generator<string> {
  if (!isLarge(value)) yield write(value)
  else if (Array.isArray(value)) yield* partsOfList(value, write)
  else yield* partsOfMap(value as JsonObject, write)
}

function* partsOfList(list: readonly unknown[], write: Write): Generator<string> {
  let few: unknown[] = []
  for (const item of list) {
    const isTooLarge = isLarge(item)
    if (few.length > 0 && (isTooLarge || few.length >= FEW_ENTRIES)) {
      yield write(few)
      few = []
    }
    if (isTooLarge) yield* behind('- ', partsOf(item, write))
    else few.push(item)
  }
  if (few.length > 0) yield write(few)
}

function* partsOfMap(map: JsonObject, write: Write): Generator<string> {
  let few: [key: string, value: unknown][] = []
  for (const key of Object.keys(map)) {
    const value = map[key]
    if (value === undefined) continue
    const name = isLarge(value) ? nameOf(key, write) : undefined
    if (few.length > 0 && (name !== undefined || few.length >= FEW_ENTRIES)) {
      yield write(Object.fromEntries(few))
      few = []
    }
    if (name === undefined) few.push([key, value])
    else {
      yield name
      yield* behind('  ', partsOf(value, write))
    }
  }
  if (few.length > 0) yield write(Object.fromEntries(few))
}

const NOTHING = ' null\n'

/** @returns the line before a value of its own lines; none for keys that need several themselves */
function nameOf(key: string, write: Write): string | undefined {
  const line = write(Object.fromEntries([[key, null]]))
  const isPlain = line.indexOf('\n') === line.length - 1 && line.endsWith(`:${NOTHING}`) && !line.startsWith('? ')
  return isPlain ? `${line.slice(0, -NOTHING.length)}\n` : undefined
}

/** Text two characters further in; empty lines stay as they are. */
function* behind(start: string, parts: Generator<string>): Generator<string> {
  let before = start
  for (const part of parts) {
    yield before + part.replace(/\n(?!\n|$)/g, '\n  ')
    before = '  '
  }
}
