// image volumes: the files of an image, read-only. Engines before Docker 28 cannot mount images, so that they are copied
// once per pod.
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Container, ImageVolumeSource, Pod } from '../../../shared/api/core/v1.ts'
import type { ContainerRuntime, RuntimeImage } from '../runtime/contract.ts'

export interface ImageVolumeTools {
  readonly runtime: Pick<ContainerRuntime, 'copyImage'>
  /** Brings an image here by its policy. @throws Error with the reason that containers of the pod wait for */
  readonly ensureImage: (pod: Pod, container: Container) => Promise<RuntimeImage>
}

/** @returns the folder */
export async function prepareImageVolume(
  pod: Pod,
  name: string,
  { reference = '', pullPolicy }: ImageVolumeSource,
  folder: string,
  { runtime, ensureImage }: ImageVolumeTools,
): Promise<string> {
  if (await stat(folder).catch(() => undefined)) return folder
  const wanted: Container = { name, image: reference, ...(pullPolicy ? { imagePullPolicy: pullPolicy } : {}) }
  const { id } = await ensureImage(pod, wanted)
  const unfinished = `${folder}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(dirname(folder), { recursive: true })
  await mkdir(unfinished)
  await runtime.copyImage(pod.metadata, id, unfinished)
  await rename(unfinished, folder)
  return folder
}
