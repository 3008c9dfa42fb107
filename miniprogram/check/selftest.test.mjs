// Each checker has to fail on a broken file; one that passes everything would go unnoticed.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { filesOf } from '../preview/build.mjs'
import { check } from './compile.mjs'

const root = resolve(fileURLToPath(import.meta.url), '../..')
const bin = join(root, 'node_modules/.bin')
const folders = []
after(() => { for (const folder of folders) rmSync(folder, { recursive: true, force: true }) })

/** A copy of the mini-program with one file changed. */
function broken(file, change) {
  const folder = mkdtempSync(join(tmpdir(), 'yibi-check-'))
  folders.push(folder)
  for (const path of filesOf(root)) cpSync(join(root, path), join(folder, path), { recursive: true })
  cpSync(join(root, 'check'), join(folder, 'check'), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  if (file) {
    const before = readFileSync(join(folder, file), 'utf8')
    const after = change(before)
    assert.notEqual(after, before, `${file} is not changed`)
    writeFileSync(join(folder, file), after)
  }
  return folder
}

const add = (text) => (before) => before + text

test('the compilers pass what stands here', () => {
  assert.deepEqual(check(root), [])
})

const templates = {
  'an unclosed tag': ['pages/me/me.wxml', add('<view>'), /wcc/],
  'an orphan wx:elif': ['pages/me/me.wxml', add('<view wx:elif="{{a}}" />'), /wcc/],
  'a duplicate attribute': ['pages/me/me.wxml', add('<view class="a" class="b" />'), /glass-easel/],
  'an import of nothing': ['pages/me/me.wxml', add('<import src="nowhere.wxml" />'), /glass-easel.*nowhere/],
  'an unknown tag': ['pages/me/me.wxml', add('<sheeet />'), /<sheeet>/],
  'a broken expression': ['pages/me/me.wxml', add('<view>{{ a + }}</view>'), /wcc|glass-easel/],
  'a rule that is not closed': ['pages/me/me.wxss', add('.a { color: red'), /wcsc/],
  'a page without a template': ['app.json', (text) => text.replace('"pages/me/me"', '"pages/me/mee"'), /pages\/me\/mee/],
  'a component that is not there': ['app.json', (text) => text.replace('components/sheet/sheet', 'components/sheet/shoot'), /shoot/],
}
for (const [what, [file, change, complaint]] of Object.entries(templates)) {
  test(`the compilers find ${what}`, () => {
    assert.match(check(broken(file, change)).join('\n'), complaint)
  })
}

/** @param {string} tool @param {string[]} args @param {string} folder */
function run(tool, args, folder) {
  const { status, stdout, stderr } = spawnSync(join(bin, tool), args, { cwd: folder, encoding: 'utf8' })
  return { status, said: stdout + stderr }
}

const tools = {
  eslint: {
    args: ['--config', join(root, 'eslint.config.mjs'), 'pages/me/me.js'],
    breaks: {
      'a browser global': ['pages/me/me.js', add('\ndocument.title = 1\n'), /'document' is not defined/],
      'an unused variable': ['pages/me/me.js', add('\nconst unused = 1\n'), /'unused' is assigned/],
    },
  },
  stylelint: {
    args: ['--config', join(root, 'stylelint.config.mjs'), 'pages/me/me.wxss'],
    breaks: {
      'a declaration without a colon': ['pages/me/me.wxss', add('\n.a { color red; }\n'), /Unknown word|CssSyntaxError/],
      'an unknown property': ['pages/me/me.wxss', add('\n.a { colour: red; }\n'), /colour/],
      'a bad unit': ['pages/me/me.wxss', add('\n.a { width: 3pixels; }\n'), /pixels/],
    },
  },
  tsc: {
    args: ['-p', 'tsconfig.json'],
    breaks: {
      'an unknown interface': ['pages/me/me.js', add('\nwx.showToasts({ title: "x" })\n'), /showToasts/],
      'a wrong option': ['pages/me/me.js', add('\nwx.showToast({ title: 3 })\n'), /title|number/],
      'a misspelt method of the page': ['pages/me/me.js', (text) => text.replace('this.setData', 'this.setDatas'), /setDatas/],
    },
  },
}
for (const [tool, { args, breaks }] of Object.entries(tools)) {
  test(`${tool} passes what stands here`, () => {
    const { status, said } = run(tool, args, broken())
    assert.equal(status, 0, said)
  })
  for (const [what, [file, change, complaint]] of Object.entries(breaks)) {
    test(`${tool} finds ${what}`, () => {
      const { status, said } = run(tool, args, broken(file, change))
      assert.notEqual(status, 0)
      assert.match(said, complaint)
    })
  }
}
