// Makes the form a drop zone and offers printing. Without it the page works all the same.
"use strict";

const form = document.getElementById("check");
if (form) {
  const fields = { document: form.elements.namedItem("document"), proof: form.elements.namedItem("proof") };
  form.querySelector(".drop-hint").hidden = false;

  const isProof = (file) => file.name.toLowerCase().endsWith(".proof.json");

  const put = (field, files) => {
    const transfer = new DataTransfer();
    for (const file of files) transfer.items.add(file);
    field.files = transfer.files;
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
    const files = [...event.dataTransfer.files];
    const proofs = files.filter(isProof);
    const documents = files.filter((file) => !isProof(file));
    if (proofs.length) put(fields.proof, proofs);
    if (documents.length) put(fields.document, documents);
  });
}

const printButton = document.getElementById("print");
if (printButton) {
  printButton.hidden = false;
  printButton.addEventListener("click", () => window.print());
}
