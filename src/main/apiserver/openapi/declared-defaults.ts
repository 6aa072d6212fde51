// The few fields whose default OpenAPI v3 tells although Go's types do not: they are pointers, or left out when empty, and
// declare one. @see https://kubernetes.io/docs/reference/kubernetes-api/

const DECLARED: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'autoscaling.v1.ScaleSpec': { replicas: 0 },
  'core.v1.AzureDiskVolumeSource': { cachingMode: 'ReadWrite', fsType: 'ext4', kind: 'Shared', readOnly: false },
  'core.v1.ConfigMapEnvSource': { name: '' },
  'core.v1.ConfigMapKeySelector': { name: '' },
  'core.v1.ConfigMapProjection': { name: '' },
  'core.v1.ConfigMapVolumeSource': { name: '' },
  'core.v1.ContainerPort': { protocol: 'TCP' },
  'core.v1.FileKeySelector': { optional: false },
  'core.v1.GRPCAction': { service: '' },
  'core.v1.ISCSIPersistentVolumeSource': { iscsiInterface: 'default' },
  'core.v1.ISCSIVolumeSource': { iscsiInterface: 'default' },
  'core.v1.LocalObjectReference': { name: '' },
  'core.v1.RBDPersistentVolumeSource': { keyring: '/etc/ceph/keyring', pool: 'rbd', user: 'admin' },
  'core.v1.RBDVolumeSource': { keyring: '/etc/ceph/keyring', pool: 'rbd', user: 'admin' },
  'core.v1.ReplicationControllerSpec': { minReadySeconds: 0, replicas: 1 },
  'core.v1.ScaleIOPersistentVolumeSource': { fsType: 'xfs', storageMode: 'ThinProvisioned' },
  'core.v1.ScaleIOVolumeSource': { fsType: 'xfs', storageMode: 'ThinProvisioned' },
  'core.v1.SecretEnvSource': { name: '' },
  'core.v1.SecretKeySelector': { name: '' },
  'core.v1.SecretProjection': { name: '' },
  'core.v1.ServicePort': { protocol: 'TCP' },
  'resource.v1.DeviceToleration': { operator: 'Equal' },
  'meta.v1.GroupResource': { group: '', resource: '' },
  'meta.v1.WatchEvent': { type: '' },
}

/** @returns undefined where none is declared */
export function declaredDefault(schemaId: string, field: string): unknown {
  const fields = Object.hasOwn(DECLARED, schemaId) ? DECLARED[schemaId] : undefined
  return fields && Object.hasOwn(fields, field) ? fields[field] : undefined
}
