// Columns of nodes, namespaces, services, config, volumes and events.
import { h } from 'vue'
import {
  type ConfigMap,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  type Secret,
  type Service,
} from '../../shared/api/core/v1.ts'
import type { KubeObject } from '../../shared/machinery/object.ts'
import { usageColumn } from '../metrics/usage-column.ts'
import { allocatableOf } from '../world/room.ts'
import { namespaceStatus, nodeStatus, volumeStatus } from '../status/object-status.ts'
import { ageColumn, dash, nameColumn, namespaceColumn, statusColumn, textsColumn } from './cells.ts'
import { type ResourceColumn, columnsOf } from './column.ts'
import { formatBytes, parseQuantity } from './quantity.ts'
import { m, t } from '../i18n/i18n.ts'

const ROLE = 'node-role.kubernetes.io/'

export const nodeRoles = ({ metadata }: Node): string =>
  Object.keys(metadata.labels ?? {})
    .filter(label => label.startsWith(ROLE))
    .map(label => label.slice(ROLE.length))
    .join(', ')

export const nodeColumns = columnsOf<Node>(
  nameColumn(),
  statusColumn(Node, nodeStatus),
  { id: 'roles', title: m('Roles'), value: ({ object }) => dash(nodeRoles(object)), least: 64, grows: true },
  usageColumn('nodes', 'cpu', allocatableOf),
  usageColumn('nodes', 'memory', allocatableOf),
  {
    id: 'cpu',
    title: m('Cores'),
    value: ({ object }) => parseQuantity(object.status.capacity?.cpu),
    cell: ({ object }) => t('{amount} cores', { amount: dash(object.status.capacity?.cpu) }),
    least: 64,
    // Beside the use of it one rarely asks for all of it.
    hidden: true,
  },
  {
    id: 'memory',
    title: m('Size'),
    value: ({ object }) => parseQuantity(object.status.capacity?.memory),
    cell: ({ object }) => formatBytes(parseQuantity(object.status.capacity?.memory)),
    least: 96,
    hidden: true,
  },
  {
    id: 'taints',
    title: m('Taints'),
    value: ({ object }) => object.spec.taints?.length ?? 0,
    cell: ({ object }) =>
      h(
        'span',
        {
          title: (object.spec.taints ?? [])
            .map(({ key, value, effect }) => `${key}=${value ?? ''}:${effect}`)
            .join('\n'),
        },
        object.spec.taints?.length ?? 0,
      ),
    least: 64,
    align: 'right',
  },
  {
    id: 'ip',
    title: m('Internal IP'),
    value: ({ object }) => object.status.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '–',
    least: 64,
    mono: true,
  },
  {
    id: 'external-ip',
    title: m('External IP'),
    value: ({ object }) => object.status.addresses?.find(({ type }) => type === 'ExternalIP')?.address ?? '–',
    least: 64,
    mono: true,
    hidden: true,
  },
  {
    id: 'version',
    title: m('Version'),
    value: ({ object }) => object.status.nodeInfo?.kubeletVersion ?? '',
    least: 64,
    grows: true,
  },
  {
    id: 'os',
    title: 'OS',
    value: ({ object }) => object.status.nodeInfo?.osImage ?? '',
    least: 64,
    grows: true,
  },
  {
    id: 'kernel',
    title: m('Kernel'),
    value: ({ object }) => object.status.nodeInfo?.kernelVersion ?? '',
    least: 64,
    hidden: 'narrow',
  },
  {
    id: 'runtime',
    title: m('Runtime'),
    value: ({ object }) => object.status.nodeInfo?.containerRuntimeVersion ?? '',
    least: 140,
    grows: true,
    hidden: 'narrow',
  },
  ageColumn(),
)

/** `team=shop`, as kubectl prints labels. */
const pairs = (labels: Readonly<Record<string, string>> | undefined): string[] =>
  Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)

export const namespaceColumns = columnsOf<Namespace>(
  nameColumn(),
  statusColumn(Namespace, namespaceStatus),
  usageColumn('namespaces', 'cpu'),
  usageColumn('namespaces', 'memory'),
  textsColumn({
    id: 'labels',
    title: m('Labels'),
    texts: ({ metadata }) => pairs(metadata.labels),
    least: 160,
    most: 160,
    mono: true,
  }),
  ageColumn(),
)

/** `80:30080/TCP`, `443/TCP`, as kubectl prints ports. */
const portTexts = ({ spec }: Service): string[] =>
  (spec.ports ?? []).map(
    ({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol ?? 'TCP'}`,
  )

/** Where a service is reached from outside of the cluster. */
export const externalText = ({ spec, status }: Service): string => {
  if (spec.type === 'ExternalName') return spec.externalName ?? ''
  const ingress = (status.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? '')
  return [...ingress, ...(spec.externalIPs ?? [])].join(', ')
}

export const serviceColumns = columnsOf<Service>(
  nameColumn(),
  namespaceColumn(),
  { id: 'type', title: m('Type'), value: ({ object }) => object.spec.type ?? 'ClusterIP', least: 80 },
  {
    id: 'clusterIP',
    title: m('Cluster IP'),
    value: ({ object }) => dash(object.spec.clusterIP),
    least: 80,
    mono: true,
  },
  {
    id: 'external',
    title: m('External IP'),
    value: ({ object }) => dash(externalText(object)),
    least: 80,
    mono: true,
  },
  textsColumn({ id: 'ports', title: m('Ports'), texts: portTexts, least: 80, most: 150, worth: 2, mono: true }),
  textsColumn({
    id: 'selector',
    title: m('Selector'),
    texts: ({ spec }) => pairs(spec.selector),
    least: 120,
    most: 150,
    mono: true,
  }),
  ageColumn(),
)

interface Keyed extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
  readonly binaryData?: Readonly<Record<string, string>>
}
const keysColumn = <T extends Keyed>(): ResourceColumn<T> =>
  textsColumn({
    id: 'keys',
    title: m('Data'),
    texts: ({ data, binaryData }) => Object.keys({ ...data, ...binaryData }),
    least: 160,
    most: 160,
    mono: true,
  })

export const configMapColumns = columnsOf<ConfigMap>(nameColumn(), namespaceColumn(), keysColumn(), ageColumn())

export const secretColumns = columnsOf<Secret>(
  nameColumn(),
  namespaceColumn(),
  { id: 'type', title: m('Type'), value: ({ object }) => object.type ?? '', least: 140, grows: true },
  keysColumn(),
  ageColumn(),
)

export const claimColumns = columnsOf<PersistentVolumeClaim>(
  nameColumn(),
  namespaceColumn(),
  statusColumn(PersistentVolumeClaim, volumeStatus),
  {
    id: 'volume',
    title: m('Volume'),
    value: ({ object }) => dash(object.spec.volumeName),
    least: 120,
    grows: true,
  },
  {
    id: 'capacity',
    title: m('Capacity'),
    value: ({ object }) => parseQuantity(object.status.capacity?.storage ?? object.spec.resources?.requests?.storage),
    cell: ({ object }) => dash(object.status.capacity?.storage ?? object.spec.resources?.requests?.storage),
    least: 90,
    align: 'right',
  },
  {
    id: 'modes',
    title: m('Access'),
    value: ({ object }) => (object.spec.accessModes ?? []).join(', '),
    least: 64,
  },
  { id: 'class', title: m('Storage class'), value: ({ object }) => dash(object.spec.storageClassName), least: 64 },
  ageColumn(),
)

export const volumeColumns = columnsOf<PersistentVolume>(
  nameColumn(),
  statusColumn(PersistentVolume, volumeStatus),
  {
    id: 'capacity',
    title: m('Capacity'),
    value: ({ object }) => parseQuantity(object.spec.capacity?.storage),
    cell: ({ object }) => dash(object.spec.capacity?.storage),
    least: 90,
    align: 'right',
  },
  {
    id: 'claim',
    title: m('Claim'),
    value: ({ object: { spec } }) =>
      spec.claimRef ? `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}` : '–',
    least: 120,
    grows: true,
  },
  {
    id: 'reclaim',
    title: m('Reclaim'),
    value: ({ object }) => object.spec.persistentVolumeReclaimPolicy ?? '',
    least: 90,
  },
  { id: 'class', title: m('Storage class'), value: ({ object }) => dash(object.spec.storageClassName), least: 64 },
  ageColumn(),
)
