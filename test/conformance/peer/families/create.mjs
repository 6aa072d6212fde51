// Objects with one field changed are created, as a trial.
import { mutations } from '../mutations.mjs'

const skip = name =>
  /^(apiVersion|kind|status)\b/.test(name) || (name.startsWith('metadata.') && name !== 'metadata.name')
const everyMetadata = name => /^(apiVersion|kind|status)\b|managedFields/.test(name)

export function* cases({ samples }) {
  for (const { kind, name, object } of samples) {
    const create = (what, body) => ({
      name: `${name}: ${what}`,
      steps: [{ method: 'POST', path: `${kind.collection}?dryRun=All&fieldValidation=Strict`, body }],
    })
    yield create('as it is', object)
    const skipped = name === 'ConfigMap rich' ? everyMetadata : skip
    for (const { name: what, value } of mutations(object, kind.schema, kind.schemas, skipped)) yield create(what, value)
  }
}
