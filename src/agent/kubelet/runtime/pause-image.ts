// The pause program: the process that holds a pod's namespaces, as a static ELF file assembled here, so that neither a
// registry nor a compiler is needed. It does three system calls and then waits without using any CPU:
//
//   rt_sigaction(SIGCHLD, SIG_IGN)        the kernel reaps children, if the pod shares this process namespace
//   rt_sigprocmask(SIG_SETMASK, {INT, TERM})
//   rt_sigtimedwait({INT, TERM}, …)       again, until it returns a signal; then exit_group(0)
//
// Waiting for blocked signals rather than handling them is what lets process 1 of a namespace, for which the kernel
// drops signals that have no handler, end at once on SIGTERM.
import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { pack } from 'tar-stream'

const LOAD_ADDRESS = 0x400000
const EHDR_BYTES = 64
const PHDR_BYTES = 56
const CODE_OFFSET = EHDR_BYTES + PHDR_BYTES

const SIGINT = 2
const SIGTERM = 15
const SIGCHLD = 17
const SIG_IGN = 1
const SIG_SETMASK = 2
/** Bytes of the kernel's signal set. */
const SIGSET_BYTES = 8

export type PauseArchitecture = 'x64' | 'arm64'

/** `e_machine` of the ELF header. */
const MACHINE: Readonly<Record<PauseArchitecture, number>> = { x64: 62, arm64: 183 }

/** struct sigaction { handler, flags, restorer, mask } with SIG_IGN, then the signal set that is waited for. */
function dataSection(): Buffer {
  const data = Buffer.alloc(40)
  data.writeBigUInt64LE(BigInt(SIG_IGN), 0)
  data.writeBigUInt64LE((1n << BigInt(SIGINT - 1)) | (1n << BigInt(SIGTERM - 1)), 32)
  return data
}

function x64Code(actionAddress: number, setAddress: number): Buffer {
  const imm = (value: number) => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, (value >>> 24) & 255]
  const SYSCALL = [0x0f, 0x05]
  const eax = (value: number) => [0xb8, ...imm(value)]
  const edi = (value: number) => [0xbf, ...imm(value)]
  const esi = (value: number) => [0xbe, ...imm(value)]
  const r10d = (value: number) => [0x41, 0xba, ...imm(value)]
  const ZERO_EDX = [0x31, 0xd2]
  const ZERO_ESI = [0x31, 0xf6]
  const ZERO_EDI = [0x31, 0xff]
  const before = [
    ...[eax(13), edi(SIGCHLD), esi(actionAddress), ZERO_EDX, r10d(SIGSET_BYTES), SYSCALL].flat(), // rt_sigaction
    ...[eax(14), edi(SIG_SETMASK), esi(setAddress), ZERO_EDX, r10d(SIGSET_BYTES), SYSCALL].flat(), // rt_sigprocmask
  ]
  const wait = [eax(128), edi(setAddress), ZERO_ESI, ZERO_EDX, r10d(SIGSET_BYTES), SYSCALL, [0x85, 0xc0]].flat() // test eax, eax
  const again = [0x7e, 256 - (wait.length + 2)] // jle wait
  return Buffer.from([...before, ...wait, ...again, ...eax(231), ...ZERO_EDI, ...SYSCALL])
}

function arm64Code(actionAddress: number, setAddress: number): Buffer {
  const movz = (register: number, value: number) => (0xd2800000 | (value << 5) | register) >>> 0
  const movkHigh = (register: number, value: number) => (0xf2a00000 | (value << 5) | register) >>> 0
  const address = (register: number, value: number) => [
    movz(register, value & 0xffff),
    movkHigh(register, value >>> 16),
  ]
  const SVC = 0xd4000001
  const before = [
    ...[movz(8, 134), movz(0, SIGCHLD), ...address(1, actionAddress), movz(2, 0), movz(3, SIGSET_BYTES), SVC],
    ...[movz(8, 135), movz(0, SIG_SETMASK), ...address(1, setAddress), movz(2, 0), movz(3, SIGSET_BYTES), SVC],
  ]
  const CMP_W0_ZERO = 0x7100001f
  const wait = [
    movz(8, 137),
    ...address(0, setAddress),
    movz(1, 0),
    movz(2, 0),
    movz(3, SIGSET_BYTES),
    SVC,
    CMP_W0_ZERO,
  ]
  const ifLessOrEqual = (words: number) => (0x54000000 | ((words & 0x7ffff) << 5) | 0xd) >>> 0
  const words = [...before, ...wait, ifLessOrEqual(-wait.length), movz(8, 94), movz(0, 0), SVC]
  const code = Buffer.alloc(words.length * 4)
  words.forEach((word, i) => code.writeUInt32LE(word, i * 4))
  return code
}

/** @returns the bytes of the executable: one readable and executable segment that holds headers, code and data. */
export function pauseProgram(architecture: PauseArchitecture): Buffer {
  const assemble = architecture === 'x64' ? x64Code : arm64Code
  // The code's length does not depend on the addresses in it: they are known after a first pass.
  const codeBytes = assemble(LOAD_ADDRESS, LOAD_ADDRESS).length
  const dataOffset = Math.ceil((CODE_OFFSET + codeBytes) / 16) * 16
  const code = assemble(LOAD_ADDRESS + dataOffset, LOAD_ADDRESS + dataOffset + 32)
  const data = dataSection()
  const file = Buffer.alloc(dataOffset + data.length)
  writeHeaders(file, MACHINE[architecture])
  code.copy(file, CODE_OFFSET)
  data.copy(file, dataOffset)
  return file
}

/** ELF64 header and one PT_LOAD program header. @see elf(5) */
function writeHeaders(file: Buffer, machine: number): void {
  const CLASS_64 = 2
  const LITTLE_ENDIAN = 1
  const VERSION = 1
  const TYPE_EXECUTABLE = 2
  file.set([0x7f, 0x45, 0x4c, 0x46, CLASS_64, LITTLE_ENDIAN, VERSION])
  file.writeUInt16LE(TYPE_EXECUTABLE, 16)
  file.writeUInt16LE(machine, 18)
  file.writeUInt32LE(VERSION, 20)
  file.writeBigUInt64LE(BigInt(LOAD_ADDRESS + CODE_OFFSET), 24) // entry
  file.writeBigUInt64LE(BigInt(EHDR_BYTES), 32) // program headers
  file.writeUInt16LE(EHDR_BYTES, 52)
  file.writeUInt16LE(PHDR_BYTES, 54)
  file.writeUInt16LE(1, 56) // one program header
  const PT_LOAD = 1
  const READ_EXECUTE = 5
  const PAGE = 0x10000 // the largest page size of arm64
  file.writeUInt32LE(PT_LOAD, EHDR_BYTES)
  file.writeUInt32LE(READ_EXECUTE, EHDR_BYTES + 4)
  file.writeBigUInt64LE(BigInt(LOAD_ADDRESS), EHDR_BYTES + 16)
  file.writeBigUInt64LE(BigInt(LOAD_ADDRESS), EHDR_BYTES + 24)
  file.writeBigUInt64LE(BigInt(file.length), EHDR_BYTES + 32)
  file.writeBigUInt64LE(BigInt(file.length), EHDR_BYTES + 40)
  file.writeBigUInt64LE(BigInt(PAGE), EHDR_BYTES + 48)
}

/** Name of the image; its tag is the hash of what it holds. */
export const pauseImageName = (architecture: PauseArchitecture): string =>
  `flotilla/pause:${createHash('sha256').update(pauseProgram(architecture)).digest('hex').slice(0, 12)}`

const PROCESSOR: Readonly<Record<PauseArchitecture, string>> = { x64: 'amd64', arm64: 'arm64' }
const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex')

/**
 * As `docker load` wants it. Whoever makes it makes the same: agents that make it at once on one Docker have one image.
 * @see https://github.com/moby/docker-image-spec
 */
export async function pauseImageArchive(architecture: PauseArchitecture): Promise<Buffer> {
  const layer = await archived([['pause', pauseProgram(architecture)]])
  const config = JSON.stringify({
    architecture: PROCESSOR[architecture],
    os: 'linux',
    config: { Entrypoint: ['/pause'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
  })
  const Config = `${sha256(config)}.json`
  const manifest = JSON.stringify([{ Config, RepoTags: [pauseImageName(architecture)], Layers: ['layer.tar'] }])
  return archived([
    ['layer.tar', layer],
    [Config, Buffer.from(config)],
    ['manifest.json', Buffer.from(manifest)],
  ])
}

/** The same bytes for the same files. */
function archived(files: readonly (readonly [name: string, bytes: Buffer])[]): Promise<Buffer> {
  const archive = pack()
  for (const [name, bytes] of files) archive.entry({ name, mode: 0o755, mtime: new Date(0) }, bytes)
  archive.finalize()
  return buffer(archive)
}
