// The form and the YAML are two views of one text: the form reads from it and writes into it, and never rebuilds it.
// So fields that the form does not know, comments and order stay as they are.
import { type Document, YAMLMap, isMap, isSeq } from 'yaml'
import {
  createYamlDocument,
  joinYamlDocuments,
  parseYamlDocuments,
  yamlProblems,
  type YamlProblem,
} from '../api/yaml-text.ts'
import { isScalar } from '../../shared/machinery/json-object.ts'
import { t } from '../i18n/i18n.ts'

/** As it was entered: what is no number is told at its field, not left out. */
export type Entered = number | string | undefined

export interface PortModel {
  readonly containerPort: Entered
  readonly name: string
  readonly protocol: string
}

export interface EnvModel {
  readonly name: string
  readonly value: string
  /** Set from elsewhere (`valueFrom`): shown, changed in YAML only. */
  readonly isReference: boolean
}

export interface DeploymentModel {
  readonly name: string
  readonly namespace: string
  readonly image: string
  readonly replicas: Entered
  readonly ports: readonly PortModel[]
  readonly env: readonly EnvModel[]
  readonly cpuRequest: string
  readonly memoryRequest: string
  readonly cpuLimit: string
  readonly memoryLimit: string
  /** Undefined = no Service in the text. */
  readonly service: { readonly type: string; readonly port: Entered; readonly targetPort: string } | undefined
}

type Path = readonly (string | number)[]

const CONTAINER: Path = ['spec', 'template', 'spec', 'containers', 0]

const isKind = (document: Document, kind: string) => isMap(document.contents) && document.get('kind') === kind

function text(document: Document, path: Path): string {
  const value = document.getIn(path)
  return isScalar(value) ? String(value) : ''
}
function entered(document: Document, path: Path): Entered {
  const value = document.getIn(path)
  return isScalar(value) ? (typeof value === 'number' ? value : String(value) || undefined) : undefined
}
function items(document: Document, path: Path): number {
  const value = document.getIn(path, true)
  return isSeq(value) ? value.items.length : 0
}
const indexes = (length: number) => Array.from({ length }, (_, index) => index)

export interface ParsedManifest {
  readonly model: DeploymentModel | undefined
  readonly problems: readonly YamlProblem[]
  /** Why there is nothing for the form although the YAML can be read. */
  readonly obstacle: string | undefined
}

/** Reads what the form shows. @returns no model when the text cannot be read or holds no Deployment */
export function readManifest(source: string): ParsedManifest {
  const documents = parseYamlDocuments(source)
  const problems = yamlProblems(documents)
  if (problems.length) return { model: undefined, problems, obstacle: undefined }
  const deployment = documents.find(document => isKind(document, 'Deployment'))
  if (!deployment)
    return { model: undefined, problems, obstacle: t('There is no Deployment in this YAML, so the form rests.') }
  const service = documents.find(document => isKind(document, 'Service'))
  const at = (...path: Path) => text(deployment, [...CONTAINER, ...path])
  return {
    problems,
    obstacle: undefined,
    model: {
      name: text(deployment, ['metadata', 'name']),
      namespace: text(deployment, ['metadata', 'namespace']),
      image: at('image'),
      replicas: entered(deployment, ['spec', 'replicas']),
      ports: indexes(items(deployment, [...CONTAINER, 'ports'])).map(index => ({
        containerPort: entered(deployment, [...CONTAINER, 'ports', index, 'containerPort']),
        name: at('ports', index, 'name'),
        protocol: at('ports', index, 'protocol') || 'TCP',
      })),
      env: indexes(items(deployment, [...CONTAINER, 'env'])).map(index => ({
        name: at('env', index, 'name'),
        value: at('env', index, 'value'),
        isReference: deployment.hasIn([...CONTAINER, 'env', index, 'valueFrom']),
      })),
      cpuRequest: at('resources', 'requests', 'cpu'),
      memoryRequest: at('resources', 'requests', 'memory'),
      cpuLimit: at('resources', 'limits', 'cpu'),
      memoryLimit: at('resources', 'limits', 'memory'),
      service: service && {
        type: text(service, ['spec', 'type']) || 'ClusterIP',
        port: entered(service, ['spec', 'ports', 0, 'port']),
        targetPort: text(service, ['spec', 'ports', 0, 'targetPort']),
      },
    },
  }
}

/** Sets a value, or takes the field away when it is empty; parents that become empty go with it. */
function put(document: Document, path: Path, value: Entered): void {
  if (value !== undefined && value !== '') {
    // setIn needs its parents to exist or to be creatable; it makes maps for them.
    document.setIn(path, value)
    return
  }
  document.deleteIn(path)
  for (let length = path.length - 1; length > CONTAINER.length; length--) {
    const parent = document.getIn(path.slice(0, length), true)
    if (!((isMap(parent) || isSeq(parent)) && parent.items.length === 0)) return
    document.deleteIn(path.slice(0, length))
  }
}

/** The one label that ties deployment, pods and service together, as `kubectl create deployment` sets it. */
const NAME_LABEL = 'app'

function rename(deployment: Document, service: Document | undefined, name: string): void {
  const old = text(deployment, ['metadata', 'name'])
  const labelPaths: Path[] = [
    ['metadata', 'labels', NAME_LABEL],
    ['spec', 'selector', 'matchLabels', NAME_LABEL],
    ['spec', 'template', 'metadata', 'labels', NAME_LABEL],
  ]
  // Names that the user chose apart from the deployment's stay.
  for (const path of labelPaths) if (text(deployment, path) === old) deployment.setIn(path, name)
  if (text(deployment, [...CONTAINER, 'name']) === (old || 'app'))
    deployment.setIn([...CONTAINER, 'name'], name || 'app')
  if (service && text(service, ['metadata', 'name']) === old) service.setIn(['metadata', 'name'], name)
  if (service && text(service, ['spec', 'selector', NAME_LABEL]) === old)
    service.setIn(['spec', 'selector', NAME_LABEL], name)
  deployment.setIn(['metadata', 'name'], name)
}

function newService(model: DeploymentModel): Document {
  const port = model.ports[0]?.containerPort ?? 80
  return createYamlDocument({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: model.name, ...(model.namespace ? { namespace: model.namespace } : {}) },
    spec: { type: 'ClusterIP', selector: { [NAME_LABEL]: model.name }, ports: [{ port, targetPort: port }] },
  })
}

function putPorts(deployment: Document, ports: readonly PortModel[]): void {
  const path = [...CONTAINER, 'ports']
  const length = items(deployment, path)
  for (let index = length - 1; index >= ports.length; index--) put(deployment, [...path, index], undefined)
  ports.forEach((port, index) => {
    if (index >= items(deployment, path)) append(deployment, path, {})
    if (port.name) deployment.setIn([...path, index, 'name'], port.name)
    else deployment.deleteIn([...path, index, 'name'])
    deployment.setIn([...path, index, 'containerPort'], port.containerPort ?? null)
    if (port.protocol !== 'TCP' || deployment.hasIn([...path, index, 'protocol']))
      deployment.setIn([...path, index, 'protocol'], port.protocol)
  })
}

function putEnv(deployment: Document, env: readonly EnvModel[]): void {
  const path = [...CONTAINER, 'env']
  for (let index = items(deployment, path) - 1; index >= env.length; index--)
    put(deployment, [...path, index], undefined)
  env.forEach(({ name, value, isReference }, index) => {
    if (index >= items(deployment, path)) append(deployment, path, {})
    // New nodes, as a scalar that began as an empty text would keep its quotes.
    deployment.setIn([...path, index, 'name'], deployment.createNode(name))
    if (!isReference) {
      deployment.deleteIn([...path, index, 'valueFrom'])
      deployment.setIn([...path, index, 'value'], deployment.createNode(value))
    }
  })
}

function append(document: Document, path: Path, value: object): void {
  if (!isSeq(document.getIn(path, true))) document.setIn(path, document.createNode([]))
  const list = document.getIn(path, true)
  if (!isSeq(list)) return
  list.flow = false
  const node = document.createNode(value)
  if (node instanceof YAMLMap) node.flow = false
  list.add(node)
}

export type ModelChange = { readonly [K in keyof DeploymentModel]?: DeploymentModel[K] }

/**
 * Writes what changed in the form into the text.
 * @param source YAML that `readManifest` can read; otherwise it is returned as it is
 */
export function writeManifest(source: string, change: ModelChange): string {
  const { model } = readManifest(source)
  if (!model) return source
  const documents: Document[] = [...parseYamlDocuments(source)]
  const deployment = documents.find(document => isKind(document, 'Deployment'))
  if (!deployment) return source
  let service = documents.find(document => isKind(document, 'Service'))

  if ('service' in change) {
    if (change.service === undefined && service) documents.splice(documents.indexOf(service), 1)
    else if (change.service) {
      if (!service) {
        service = newService({ ...model, ...change, service: undefined })
        documents.push(service)
      }
      const { type, port, targetPort } = change.service
      service.setIn(['spec', 'type'], type)
      service.setIn(['spec', 'ports', 0, 'port'], port ?? null)
      put(service, ['spec', 'ports', 0, 'targetPort'], /^\d+$/.test(targetPort) ? Number(targetPort) : targetPort)
    }
  }
  if (change.name !== undefined) rename(deployment, service, change.name)
  if (change.namespace !== undefined)
    for (const document of [deployment, ...(service ? [service] : [])])
      if (change.namespace) document.setIn(['metadata', 'namespace'], change.namespace)
      else document.deleteIn(['metadata', 'namespace'])
  if (change.image !== undefined) deployment.setIn([...CONTAINER, 'image'], change.image)
  if ('replicas' in change) put(deployment, ['spec', 'replicas'], change.replicas)
  if (change.ports) putPorts(deployment, change.ports)
  if (change.env) putEnv(deployment, change.env)
  const resources: readonly [keyof DeploymentModel, string, string][] = [
    ['cpuRequest', 'requests', 'cpu'],
    ['memoryRequest', 'requests', 'memory'],
    ['cpuLimit', 'limits', 'cpu'],
    ['memoryLimit', 'limits', 'memory'],
  ]
  for (const [field, list, name] of resources) {
    const amount = change[field]
    if (typeof amount === 'string') put(deployment, [...CONTAINER, 'resources', list, name], amount.trim())
  }
  return joinYamlDocuments(documents, source)
}

/** What a new Deployment starts as. */
export const startingManifest = (namespace: string): string => `apiVersion: apps/v1
kind: Deployment
metadata:
  name:
  namespace: ${namespace}
  labels:
    app:
spec:
  replicas: 1
  selector:
    matchLabels:
      app:
  template:
    metadata:
      labels:
        app:
    spec:
      containers:
        - name: app
          image:
`
