#!/bin/sh
set -e
echo "main of act"
echo "arg $1"
echo "empty <$2>"
echo "own $DEFAULTED $OWN"
echo "at $PWD with $(ls tracked.txt)"
echo "home $HOME"
echo "action input $INPUT_WHO"
echo "::notice file=/github/workspace/tracked.txt,line=1::annotated"
echo made by it > made.txt
echo "out=came back" >> "$GITHUB_OUTPUT"
echo "FROM_ACTION=came too" >> "$GITHUB_ENV"
echo "mark=kept" >> "$GITHUB_STATE"
