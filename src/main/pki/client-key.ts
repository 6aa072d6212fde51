// Keys of kubeconfigs: such as every client library reads.
import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'

/**
 * RSA in its oldest form, as kubeadm makes them: Java's most common client takes any key for that whose PEM label leaves
 * the algorithm open. It takes a thread some tenths of a second.
 */
export async function newClientKeyPem(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  return privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
}
