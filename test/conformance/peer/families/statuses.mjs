// Tables of built-in kinds whose status is filled: what `kubectl get` shows of objects that live, wide and not.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import YAML from 'yaml'

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io'
const MERGE = 'application/merge-patch+json'
const file = join(import.meta.dirname, '..', 'statuses.yaml')

/** An object is made, its status is written where there is one, and its row is read, alone and in a list. */
export function* cases() {
  for (const document of YAML.parseAllDocuments(readFileSync(file, 'utf8'))) {
    const { path, object, status } = document.toJS()
    const one = `${path}/${object.metadata.name}`
    const show = { accept: TABLE }
    yield {
      name: `${one} as a Table`,
      steps: [
        { method: 'POST', path, body: object, unjudged: true },
        ...(status ? [{ method: 'PATCH', path: `${one}/status`, body: { status }, type: MERGE, unjudged: true }] : []),
        ...['None', 'Metadata', 'Object'].map(include => ({ ...show, path: `${one}?includeObject=${include}` })),
        { ...show, path: `${path}?fieldSelector=metadata.name=${object.metadata.name}&includeObject=None` },
      ],
    }
  }
}
