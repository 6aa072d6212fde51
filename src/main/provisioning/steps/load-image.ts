// Sends an image of the control plane's machine to a host, without a registry: the layers that the host lacks.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkImage, saveImage } from '../images/save.ts'
import { sendImage } from '../images/send.ts'
import { say } from '../say.ts'
import type { ContextWithoutProgress, Step } from './contract.ts'

/** The name comes by standard input; no answer for an image that is not there. */
const IMAGE_ID = `
read -r name
docker image inspect --format '{{.Id}}' "$name" 2>/dev/null
exit 0
`

const targets = ({ host, facts }: ContextWithoutProgress) => [
  { name: host.metadata.name, architecture: facts.architecture },
]
const megabytes = (bytes: number) => `${Math.max(1, Math.round(bytes / 1e6))} MB`

/** @param image its name, such as `web:1.2` */
export const loadImage = (image: string): Step => ({
  name: image,
  async plan(context) {
    const { ssh, sudo, signal } = context
    const { id, bytes } = await checkImage(image, targets(context))
    const there = await ssh.must(IMAGE_ID, { what: 'looking for the image', sudo, signal, input: `${image}\n` })
    if (there.trim() === id) return []
    return [say('send what the host lacks of {image}, {size} in all', { image, size: megabytes(bytes) })]
  },
  async apply(context) {
    const { ssh, sudo, signal, progress } = context
    const folder = await mkdtemp(join(tmpdir(), 'flotilla-image-'))
    try {
      const archive = await saveImage(image, targets(context), folder, signal)
      const { layers, bytes } = await sendImage(archive, {
        ssh,
        sudo,
        signal,
        onPercent: percent => progress.percent(percent),
      })
      progress.sent(bytes)
      progress.output(layers === 0 ? 'the host had every layer\n' : `layers that were missing: ${layers}\n`)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
})
