// Objects are made, and updated with one field changed, as a trial.
import { mutations } from '../mutations.mjs'

const skip = name => /^(apiVersion|kind|status|metadata)\b/.test(name)

export async function* casesOf({ samples, ours, theirs }) {
  for (const { kind, name, object } of samples) {
    if (!kind.verbs.includes('update')) continue
    const own = { ...object, metadata: { ...object.metadata, name: rename(object.metadata.name) } }
    delete own.metadata.generateName
    const [our, their] = await Promise.all([ours, theirs].map(server => server.call('POST', kind.collection, own)))
    if (our.code !== 201 || their.code !== 201) {
      console.log(`update: ${name} cannot be made: ${our.code} ${their.code} ${their.text}`)
      continue
    }
    const made = JSON.parse(their.text)
    const inOurs = ownWords(made, JSON.parse(our.text))
    const update = (what, { status: _status, ...body }) => {
      const { uid: _uid, resourceVersion: _version, managedFields: _fields, ...metadata } = body.metadata ?? {}
      const path = `${kind.collection}/${own.metadata.name}?dryRun=All&fieldValidation=Strict`
      const theirs = { method: 'PUT', path, body: { ...body, metadata } }
      return { name: `${name}: ${what}`, steps: [{ theirs, ours: { ...theirs, body: inOurs(theirs.body) } }] }
    }
    yield update('as it is', made)
    for (const { name: what, value } of mutations(made, kind.schema, kind.schemas, skip)) yield update(what, value)
  }
}

/** What each made up by itself (uids, addresses, names of volumes) is put into the other's words. */
function ownWords(theirs, ours) {
  const words = new Map()
  const collect = (their, our) => {
    if (typeof their === 'object' && their !== null && typeof our === 'object' && our !== null)
      for (const key of Object.keys(their)) collect(their[key], our[key])
    else if (typeof their === typeof our && their !== our && their !== '') words.set(their, our)
  }
  for (const part of ['metadata', 'spec']) collect(theirs[part], ours[part])
  return value => JSON.parse(JSON.stringify(value), (_, item) => words.get(item) ?? item)
}

/** Names with a meaning are kept. */
const rename = name => (name === 'rich' || name === 'small' || name === 'plain' ? `${name}-updated` : name)

export async function cases(world) {
  const all = []
  for await (const one of casesOf(world)) all.push(one)
  return all
}
