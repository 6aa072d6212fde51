// Which Secrets and ConfigMaps a pod is made from.
import type { Container, Pod, Volume } from '../api/core/v1.ts'

interface Configuration {
  readonly secrets: string[]
  readonly configMaps: string[]
}

function note(names: string[], name: string | undefined): void {
  if (name) names.push(name)
}

function noteOfContainer({ env, envFrom }: Pick<Container, 'env' | 'envFrom'>, found: Configuration): void {
  for (const { secretRef, configMapRef } of envFrom ?? []) {
    note(found.secrets, secretRef?.name)
    note(found.configMaps, configMapRef?.name)
  }
  for (const { valueFrom } of env ?? []) {
    note(found.secrets, valueFrom?.secretKeyRef?.name)
    note(found.configMaps, valueFrom?.configMapKeyRef?.name)
  }
}

function noteOfVolume(volume: Volume, { secrets, configMaps }: Configuration): void {
  note(secrets, volume.secret?.secretName)
  note(secrets, volume.azureFile?.secretName)
  note(secrets, volume.cephfs?.secretRef?.name)
  note(secrets, volume.cinder?.secretRef?.name)
  note(secrets, volume.flexVolume?.secretRef?.name)
  note(secrets, volume.rbd?.secretRef?.name)
  note(secrets, volume.scaleIO?.secretRef?.name)
  note(secrets, volume.iscsi?.secretRef?.name)
  note(secrets, volume.storageos?.secretRef?.name)
  note(secrets, volume.csi?.nodePublishSecretRef?.name)
  note(configMaps, volume.configMap?.name)
  for (const { secret, configMap } of volume.projected?.sources ?? []) {
    note(secrets, secret?.name)
    note(configMaps, configMap?.name)
  }
}

/** @returns the names of Secrets and ConfigMaps that a pod refers to. */
export function configurationOf({ spec }: Pick<Pod, 'spec'>): Configuration {
  const found: Configuration = { secrets: [], configMaps: [] }
  for (const { name } of spec.imagePullSecrets ?? []) note(found.secrets, name)
  for (const containers of [spec.initContainers, spec.containers, spec.ephemeralContainers])
    for (const container of containers ?? []) noteOfContainer(container, found)
  for (const volume of spec.volumes ?? []) noteOfVolume(volume, found)
  return found
}
