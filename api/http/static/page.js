// Keeps the scanner's field ready, takes dropped and pasted files, prints. Without it the page works all the same.
"use strict";

const form = document.getElementById("check");
if (form) {
  const code = form.elements.namedItem("code");
  const files = form.elements.namedItem("document");
  form.querySelector(".drop-hint").hidden = false;

  const check = (chosen) => {
    const transfer = new DataTransfer();
    for (const file of chosen) transfer.items.add(file);
    files.files = transfer.files;
    form.requestSubmit();
  };

  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    form.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) form.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    if (event.dataTransfer.files.length) check(event.dataTransfer.files);
  });

  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) {
      event.preventDefault();
      check(event.clipboardData.files);
      return;
    }
    // A field of one line drops line breaks, and a break may stand for a blank of the code.
    const text = event.clipboardData.getData("text").trim();
    if (event.target === code && /[\r\n]/.test(text)) {
      event.preventDefault();
      code.setRangeText(text.replace(/\r\n|\r|\n/g, "\u2424"), code.selectionStart, code.selectionEnd, "end");
    }
  });

  // What a scanner types goes into the field, whatever had the focus: a button, a link, nothing.
  document.addEventListener("keydown", (event) => {
    const isTyped = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.altKey && !event.metaKey;
    if (isTyped && !event.target.matches("input, textarea, select")) code.focus();
  });
  window.addEventListener("focus", () => {
    if (document.activeElement === document.body) code.focus();
  });
  // A page that the browser shows again holds nobody's code.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) form.reset();
  });
}

const printButton = document.getElementById("print");
if (printButton) {
  printButton.hidden = false;
  printButton.addEventListener("click", () => window.print());
  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
}
