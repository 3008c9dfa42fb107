// What is uploaded: small, complete, and without the tools.

import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { filesOf } from '../preview/build.mjs'

const root = resolve(fileURLToPath(import.meta.url), '../..')
const read = (file) => readFileSync(join(root, file), 'utf8')
const { packOptions } = JSON.parse(read('project.config.json'))

const ignored = (file) => packOptions.ignore.some(({ type, value }) => ({
  folder: file.startsWith(`${value}/`),
  file: file === value,
  suffix: file.endsWith(value),
})[type])
const uploaded = filesOf(root).filter((file) => !ignored(file))

/** The folders of the packages that are loaded when a page of theirs is opened. */
const further = JSON.parse(read('app.json')).subPackages.map(({ root: folder }) => `${folder}/`)

test('the main package and each further one stay below 400 KB', () => {
  for (const [name, holds] of [
    ['main', (file) => !further.some((folder) => file.startsWith(folder))],
    ...further.map((folder) => [folder, (file) => file.startsWith(folder)]),
  ]) {
    const size = uploaded.filter(holds).reduce((sum, file) => sum + statSync(join(root, file)).size, 0)
    assert.ok(size > 0 && size < 400 * 1024, `${name}: ${size} bytes`)
  }
})

test('the main package needs no file of another one', () => {
  const wrong = uploaded.filter((file) => /\.(js|json|wxml|wxss)$/.test(file) && !further.some((folder) => file.startsWith(folder)))
    .filter((file) => further.some((folder) => new RegExp(`(require\\('|@import "|src=")[./]*${folder.replace('pages/', '(pages/)?')}`).test(read(file))))
  assert.deepEqual(wrong, [])
})

test('tools and tests stay out of it', () => {
  for (const folder of ['preview', 'test', 'check', 'node_modules']) {
    assert.ok(ignored(`${folder}/any.js`), folder)
  }
  const kinds = new Set(uploaded.filter((file) => !file.startsWith('.')).map((file) => file.split('.').pop()))
  assert.deepEqual([...kinds].sort(), ['jpg', 'js', 'json', 'wxml', 'wxss'])
  for (const file of uploaded.filter((name) => name.endsWith('.json'))) {
    assert.match(file, /^(app|theme|sitemap|project\.config|pages\/.*|components\/.*)\.?(json)?$/, file)
  }
})

test('every control says what it is', () => {
  const wrong = []
  for (const file of uploaded.filter((name) => name.endsWith('.wxml'))) {
    for (const [tag] of read(file).matchAll(/<[a-z][\w-]*\s[^>]*?>/gs)) {
      const control = /\s(bindtap|bindlongpress|bindinput|bindtouchstart|open-type|form-type)=/.test(tag)
      if (control && !(/aria-label=/.test(tag) && /aria-role=/.test(tag))) wrong.push(`${file}: ${tag.replace(/\s+/g, ' ')}`)
    }
  }
  assert.deepEqual(wrong, [])
})

/** @param {string} hex @returns {number} relative luminance, WCAG 2.2 */
function luminance(hex) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a, b) {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (light + 0.05) / (dark + 0.05)
}

test('text keeps a contrast of 4.5 : 1 in both themes', () => {
  const blocks = [...read('app.wxss').matchAll(/page \{([^}]*)\}/g)].map(([, body]) =>
    Object.fromEntries([...body.matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map(([, name, color]) => [name, color])))
  assert.equal(blocks.length, 2)
  const pairs = [
    ['ink', 'desk'], ['ink', 'surface'], ['ink', 'raised'], ['faint', 'desk'], ['faint', 'surface'], ['faint', 'raised'],
    ['accent', 'desk'], ['accent', 'surface'], ['accent', 'raised'], ['on-accent', 'accent'],
  ]
  for (const [theme, colors] of blocks.entries()) {
    for (const [text, ground] of pairs) {
      const ratio = contrast(colors[text], colors[ground])
      assert.ok(ratio >= 4.5, `${text} on ${ground} in theme ${theme}: ${ratio.toFixed(2)}`)
    }
  }
})
