// Cards in chats. They show the app's own cover: WeChat otherwise takes a picture of the page, drawing included.

/** The cover of a card, in the package. */
const COVER = '/images/cover.png'

/** The card of the app itself, without anything that a user made. */
function appCard() {
  return { title: '来画一笔', path: '/pages/draw/draw', imageUrl: COVER }
}

module.exports = { COVER, appCard }
