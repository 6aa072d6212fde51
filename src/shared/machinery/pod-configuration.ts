// Which Secrets and ConfigMaps a pod is made from.
import type { Container, Pod, Volume } from '../api/core/v1.ts'

type Named = { readonly name?: string | undefined } | undefined

interface Names {
  readonly secrets: readonly (string | undefined)[]
  readonly configMaps: readonly (string | undefined)[]
}

function ofContainer({ env, envFrom }: Pick<Container, 'env' | 'envFrom'>): Names {
  return {
    secrets: [
      ...(envFrom ?? []).map(({ secretRef }) => secretRef?.name),
      ...(env ?? []).map(({ valueFrom }) => valueFrom?.secretKeyRef?.name),
    ],
    configMaps: [
      ...(envFrom ?? []).map(({ configMapRef }) => configMapRef?.name),
      ...(env ?? []).map(({ valueFrom }) => valueFrom?.configMapKeyRef?.name),
    ],
  }
}

function ofVolume(volume: Volume): Names {
  const sources = volume.projected?.sources ?? []
  const refs: Named[] = [
    volume.cephfs?.secretRef,
    volume.cinder?.secretRef,
    volume.flexVolume?.secretRef,
    volume.rbd?.secretRef,
    volume.scaleIO?.secretRef,
    volume.iscsi?.secretRef,
    volume.storageos?.secretRef,
    volume.csi?.nodePublishSecretRef,
    ...sources.map(({ secret }) => secret),
  ]
  return {
    secrets: [volume.secret?.secretName, volume.azureFile?.secretName, ...refs.map(ref => ref?.name)],
    configMaps: [volume.configMap?.name, ...sources.map(({ configMap }) => configMap?.name)],
  }
}

/** @returns the names of Secrets and ConfigMaps that a pod refers to. */
export function configurationOf({ spec }: Pick<Pod, 'spec'>): { secrets: string[]; configMaps: string[] } {
  const containers = [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])]
  const names = [...containers.map(ofContainer), ...(spec.volumes ?? []).map(ofVolume)]
  const isName = (name: string | undefined): name is string => Boolean(name)
  return {
    secrets: [...(spec.imagePullSecrets ?? []).map(({ name }) => name), ...names.flatMap(({ secrets }) => secrets)].filter(isName), // prettier-ignore
    configMaps: names.flatMap(({ configMaps }) => configMaps).filter(isName),
  }
}
