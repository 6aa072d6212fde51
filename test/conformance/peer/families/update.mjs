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
    const update = (what, { status: _status, ...body }) => {
      const { uid: _uid, resourceVersion: _version, managedFields: _fields, ...metadata } = body.metadata ?? {}
      return {
        name: `${name}: ${what}`,
        steps: [
          {
            method: 'PUT',
            path: `${kind.collection}/${own.metadata.name}?dryRun=All&fieldValidation=Strict`,
            body: { ...body, metadata },
          },
        ],
      }
    }
    yield update('as it is', made)
    for (const { name: what, value } of mutations(made, kind.schema, kind.schemas, skip)) yield update(what, value)
  }
}

/** Names with a meaning are kept. */
const rename = name => (name === 'rich' || name === 'small' || name === 'plain' ? `${name}-updated` : name)

export async function cases(world) {
  const all = []
  for await (const one of casesOf(world)) all.push(one)
  return all
}
